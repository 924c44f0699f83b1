"""The adapter for the platform API, the default of the stack parameter `CxoneApi`."""
