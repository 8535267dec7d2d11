"""Images in physical space: geometry (RAS millimetres), volumes, patches, files and a cache of opened volumes."""
