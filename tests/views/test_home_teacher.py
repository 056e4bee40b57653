"""The home of a teacher: one next step, and the own pupils by state."""

import pytest

from tests.views.test_nominations import WHO
from tutormatch.extensions import db
from tutormatch.models import ConsentState, MatchState, TeacherState

PENDING = {"consent_state": ConsentState.PENDING, "consent_on": None, "consent_form": None}


def next_step(client):
    page = client.page("/")
    return page.text(page.all("h2", id="next")[0])


def test_next_step_leads_from_the_sign_up_to_the_sessions(client, make):
    teacher = make.teacher()
    client.sign_in(teacher)
    assert next_step(client) == "Nominate the first pupil"
    client.submit("/pupils/nominate/who", WHO)
    assert next_step(client) == "Finish the nomination"
    client.submit("/pupils/nominate/discard")
    pupil = make.pupil(teacher=teacher)
    assert next_step(client) == "The next round looks for tutors"
    match = make.proposal(pupil.needs[0])
    assert next_step(client) == "A tutor is proposed for 1 pupil"
    match.state = MatchState.APPROVED
    db.session.commit()
    assert next_step(client) == "Sessions take place every week"


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ({"email_confirmed_at": None}, "Confirm your e-mail"),
        ({"state": TeacherState.APPLIED}, "A coordinator has to admit you first"),
        ({"state": TeacherState.DECLINED}, "A coordinator has declined your application"),
    ],
)
def test_teacher_who_may_not_nominate_yet_reads_what_is_missing(client, make, values, step):
    client.sign_in(make.teacher(**values))
    assert next_step(client) == step


def test_missing_consent_comes_first(client, make):
    teacher = make.teacher()
    client.sign_in(teacher)
    pupil = make.pupil(teacher=teacher, **PENDING)
    assert next_step(client) == "Add the consent for 1 pupil"
    assert f"/pupils/{pupil.id}/consent" in client.page("/").links()
    make.pupil(teacher=teacher, **PENDING)
    assert next_step(client) == "Add the consent for 2 pupils"
    assert "/pupils?consent=pending" in client.page("/").links()


def test_home_lists_pupils_by_state_and_no_more_than_a_few(client, make):
    teacher = make.teacher()
    client.sign_in(teacher)
    for _number in range(10):
        make.pupil(teacher=teacher)
    make.proposal(make.pupil(teacher=teacher, last_name="Қайрат").needs[0])
    make.pupil(last_name="Бөтен")
    page = client.page("/")
    headings = [page.text(heading) for heading in page.all("h2")]
    assert headings[1:] == ["Waiting (10)", "Proposed (1)"]
    assert len(page.all("th", scope="row")) == 9
    assert "Қайрат Данияр" in page.text()
    assert "Бөтен" not in page.text()
