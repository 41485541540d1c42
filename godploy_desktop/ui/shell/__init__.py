"""The frame of the window: sidebar, header, navigation, task list, notifications."""
