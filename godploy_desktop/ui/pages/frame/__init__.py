"""What all pages stand on: the base page, loading, streams, confirmations, layout."""
