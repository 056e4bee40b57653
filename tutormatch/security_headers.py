"""Headers that hold the browser to our own files and keep private pages out of its cache."""

from flask import Flask, Response, request, session

from .assets import STATIC_ENDPOINTS

# Bootstrap draws arrows and ticks as data: images.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ONE_YEAR_IN_SECONDS = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Add the headers to every answer."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        if app.config["IS_PRODUCTION"] and request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_IN_SECONDS}"
        if request.endpoint not in STATIC_ENDPOINTS:
            # A mailed link opens a page about one person too, often on a computer that many use.
            is_personal = "_user_id" in session or "token" in (request.view_args or {})
            response.headers["Cache-Control"] = "no-store" if is_personal else "private, no-cache"
        return response
