"""What a block is, how bytes are streamed and copied, how many blocks there are."""
