"""Running the service on one machine: embedded servers, and one supervisor for web, worker and beat."""
