"""Template readers: functions, resources and roles as deployed."""
