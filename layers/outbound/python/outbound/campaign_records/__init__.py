"""What is recorded of campaigns while they run, for all who steer, archive or watch them."""
