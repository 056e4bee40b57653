"""What comes after the flow: group places, further sessions, whole wishes."""
