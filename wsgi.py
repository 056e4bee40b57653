from tutormatch import create_app

app = create_app()
