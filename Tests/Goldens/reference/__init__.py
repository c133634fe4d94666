"""The reference side: what Hugging Face transformers, peft and torch make of a model, to which Undertone's Swift is held.

`presets` names the models, `models` makes them, seeded, `formats` saves them as users have them; `steps` is their forward
pass cut by cut; `stage_one` takes hidden states at every cut; `setups` names what stage two trains, `upper` and `heads`
are what it trains, `stage_two` does; `operations` runs single operations; `files` writes and compares tensors.
Nothing here imports anything of Undertone's.
"""
