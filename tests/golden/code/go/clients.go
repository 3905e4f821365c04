// Clients of both SDK versions, paginators, presigners, uploads, several results.
// handler: clients
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	v1session "github.com/aws/aws-sdk-go/aws/session"
	v1sqs "github.com/aws/aws-sdk-go/service/sqs"
)

var (
	table  = os.Getenv("GO_TABLE")
	client *dynamodb.Client
)

func init() {
	cfg, err := config.LoadDefaultConfig(context.TODO())
	if err != nil {
		panic(err)
	}
	client = dynamodb.NewFromConfig(cfg)
}

func dead() {
	client.DeleteTable(context.TODO(), &dynamodb.DeleteTableInput{TableName: &table})
}

func save(ctx context.Context, id string) (string, error) {
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{ // uses: dynamodb:PutItem on table/{GO_TABLE}
		TableName: aws.String(table),
		Item:      map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}},
	})
	return id, err
}

func handle(ctx context.Context, event events.S3Event) error {
	cfg, _ := config.LoadDefaultConfig(ctx)
	store := s3.NewFromConfig(cfg)
	for _, record := range event.Records {
		if _, err := save(ctx, record.S3.Object.Key); err != nil {
			return err
		}
		pages := s3.NewListObjectsV2Paginator(store, &s3.ListObjectsV2Input{Bucket: aws.String("listed")})
		for pages.HasMorePages() {
			pages.NextPage(ctx) // uses: s3:ListBucket on listed
		}
		signer := s3.NewPresignClient(store)
		signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("signed"), Key: aws.String(fmt.Sprintf("in/%s.txt", record.AWSRegion))}) // uses: s3:GetObject on signed/in/*.txt
		manager.NewUploader(store).Upload(ctx, &s3.PutObjectInput{Bucket: aws.String("up"), Key: aws.String("k")}) // uses: s3:PutObject on up/k; s3:AbortMultipartUpload on up/k
	}
	queue := v1sqs.New(v1session.Must(v1session.NewSession()))
	queue.SendMessageWithContext(ctx, &v1sqs.SendMessageInput{QueueUrl: aws.String(os.Getenv("GO_QUEUE"))}) // uses: sqs:SendMessage on {GO_QUEUE}
	return nil
}

func main() {
	lambda.Start(handle)
}
