"""Regions, districts, schools and institutions to choose from, in the order of the reader's alphabet."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ..errors import NotFound
from ..extensions import db
from ..models import District, Institution, Region, School


def regions() -> list[Region]:
    """Return all regions and cities of republican level."""
    return sorted(db.session.scalars(select(Region)), key=lambda region: region.collation_key)


def region(code: str) -> Region:
    """Return one region.

    Raises
    ------
    NotFound
        When there is none of this code.
    """
    found = db.session.get(Region, code)
    if found is None:
        raise NotFound
    return found


def districts(region: Region) -> list[District]:
    """Return the districts and cities of a region."""
    found = db.session.scalars(select(District).where(District.region_code == region.code))
    return sorted(found, key=lambda district: district.collation_key)


def district(district_id: int) -> District:
    """Return one district with its region.

    Raises
    ------
    NotFound
        When there is none of this number.
    """
    found = db.session.scalar(select(District).where(District.id == district_id).options(joinedload(District.region)))
    if found is None:
        raise NotFound
    return found


def schools(district: District) -> list[School]:
    """Return the schools of a district that newcomers choose from."""
    found = db.session.scalars(select(School).where(School.district_id == district.id, School.is_listed))
    return sorted(found, key=lambda school: school.collation_key)


def school(school_id: int) -> School:
    """Return one school that newcomers choose from, with its district and region.

    Raises
    ------
    NotFound
        When there is none of this number.
    """
    found = db.session.scalar(
        select(School)
        .where(School.id == school_id, School.is_listed)
        .options(joinedload(School.district).joinedload(District.region))
    )
    if found is None:
        raise NotFound
    return found


def institutions() -> list[Institution]:
    """Return all universities and colleges."""
    return sorted(db.session.scalars(select(Institution)), key=lambda institution: institution.collation_key)
