"""The web pages of arrivals and hosts: server-rendered, complete without JavaScript."""
