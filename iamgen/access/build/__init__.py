"""Make `access_maps/generated` from the packages that carry AWS's data (extra `[build]`).

`catalogue` reads what the Service Authorization Reference says of actions and resource types, `models` reads what the
SDK says of operations and their input; `derive` names the actions of each operation, `bind` finds the members that
name each resource, `rules` adds conditional and implied actions, `overrides` lays the hand facts on top, and `write`
puts it all down, sorted, so that the same versions give the same bytes.
"""
