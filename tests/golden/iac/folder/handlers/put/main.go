package main

func main() {
	lambda.Start(handle)
}
