"""The locale in which an account reads pages and mail."""

from ..database import transactional
from ..models import Account


@transactional
def choose_locale(account: Account, locale: str) -> None:
    """Keep ``locale`` as the account's own."""
    account.locale = locale
