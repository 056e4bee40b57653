from flask import Blueprint

bp = Blueprint("tutors", __name__)
