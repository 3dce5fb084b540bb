"""How other programs talk to move37: protocols of Go servers, editors and analysis tools."""
