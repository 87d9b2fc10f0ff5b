"""How checks reach their targets: resolve, guard, connect, ask."""
