"""Run the service on one machine: servers of its own, and one supervisor for web, worker, placer and beat."""
