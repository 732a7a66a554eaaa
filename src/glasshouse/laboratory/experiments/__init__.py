"""The experiments, one a file: each uses of the package what anybody can import, and can be read by itself."""
