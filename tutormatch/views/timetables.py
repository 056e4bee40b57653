from flask import Blueprint

bp = Blueprint("timetables", __name__)
