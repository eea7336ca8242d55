"""What the runner is compared with: the programs by themselves, GNU parallel and RDD.pipe, over the same blocks."""
