"""The server process: the application, the services that requests share, uvicorn and the workers."""
