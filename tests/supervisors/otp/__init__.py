"""The same scenarios for OTP's supervisor and for ours, and the traces that OTP's left."""
