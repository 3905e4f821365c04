"""What AWS says about actions, resources and conditions: typed look-ups."""
