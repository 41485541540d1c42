"""The steps of a deployment, one file each. A step knows the attempt and the rooms below; never another step."""
