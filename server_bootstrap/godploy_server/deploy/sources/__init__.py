"""Where an application's files come from: git, a folder that was sent, an archive, a prebuilt image. One file each.

The agent imports what receives uploads (blobs, manifest, receiving); all else runs in job processes.
"""
