// A program of several packages: interfaces, embedded structs, constructors.
// handler: services
package main

import (
	"context"
	"os"

	"example.com/services/store"
	"github.com/aws/aws-lambda-go/lambda"
)

type Saver interface {
	Save(ctx context.Context, id string) error
}

type service struct {
	saver Saver
}

func (s *service) run(ctx context.Context, event map[string]string) error {
	return s.saver.Save(ctx, event["id"])
}

func main() {
	s := &service{saver: store.New(os.Getenv("SERVICE_TABLE"))}
	lambda.Start(s.run)
}
