"""Everything that a user can do: `Workflow` has one method per action, `State` is what came of it."""
