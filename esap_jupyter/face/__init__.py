"""What people call in a notebook: each verb written once, blocking or awaited by how it is made."""
