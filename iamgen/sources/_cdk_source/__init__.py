"""CDK applications in TypeScript, JavaScript and Python, read without running them."""
