"""The tray layer."""
