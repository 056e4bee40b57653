from flask import Blueprint

bp = Blueprint("teachers", __name__)
