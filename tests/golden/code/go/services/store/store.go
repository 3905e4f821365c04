package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

type Store struct {
	*base
	table string
}

func New(table string) *Store {
	return &Store{base: newBase(), table: table}
}

func (s *Store) Save(ctx context.Context, id string) error {
	input := &dynamodb.UpdateItemInput{}
	input.TableName = aws.String(s.table)
	_, err := s.base.client.UpdateItem(ctx, input) // uses: dynamodb:UpdateItem on table/{SERVICE_TABLE}
	return err
}
