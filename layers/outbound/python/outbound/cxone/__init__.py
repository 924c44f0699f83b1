"""Access to CXone: ports that capabilities speak to, and the adapters that implement them."""
