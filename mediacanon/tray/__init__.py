"""The tray icon: a thin supervisor that runs the server in a child process and reads its status over HTTP."""
