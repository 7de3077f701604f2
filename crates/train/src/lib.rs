//! The training loop: budgets, schedules, stopping, history, metrics
