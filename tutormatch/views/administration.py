from flask import Blueprint

bp = Blueprint("administration", __name__)
