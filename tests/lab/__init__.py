"""The widget in real notebook front ends."""
