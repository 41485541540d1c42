"""What turns a source into an image: one file a builder, all behind `builder.Way`. May import what `deploy` may."""
