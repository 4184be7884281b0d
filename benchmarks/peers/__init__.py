"""What others need for the same work: figures taken from elsewhere, and scripts that run peers."""
