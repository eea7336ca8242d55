"""Where blocks run: in this process's children, on local Spark, on a cluster."""
