"""EventBridge Scheduler: schedules fired by the emulator's clock."""
