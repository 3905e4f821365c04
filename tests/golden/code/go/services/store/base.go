package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

type base struct {
	client *dynamodb.Client
}

func newBase() *base {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return nil
	}
	return &base{client: dynamodb.NewFromConfig(cfg)}
}
