"""What the window and the headless command share: tasks, the model of every server, the operations. Knows no Qt."""
