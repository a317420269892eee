"""The tray icon: a thin supervisor that keeps the server in a child process and asks it over HTTP how it is."""
