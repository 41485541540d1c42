"""The list of servers, adding one, and the page of one."""
