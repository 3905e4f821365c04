// Clients of both SDK versions, builders, lambdas in place of requests, overloads, lists.
// handler: Clients::handleRequest
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import java.util.List;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

public class Clients implements RequestHandler<S3Event, String> {
    private static final String TABLE = System.getenv("JAVA_TABLE");
    private final DynamoDbClient dynamo;
    private final S3Client s3 = S3Client.create();

    public Clients() {
        this(DynamoDbClient.builder().build());
    }

    Clients(DynamoDbClient dynamo) {
        this.dynamo = dynamo;
    }

    @Override
    public String handleRequest(S3Event event, Context context) {
        GetItemRequest request = GetItemRequest.builder().tableName(TABLE).build();
        dynamo.getItem(request); // uses: dynamodb:GetItem on table/{JAVA_TABLE}
        s3.putObject(b -> b.bucket("lambda-built").key(String.format("in/%s", event.getRecords().get(0).getS3().getObject().getKey())), body()); // uses: s3:PutObject on lambda-built/in/*
        event.getRecords().forEach(record -> read(record.getS3().getBucket().getName()));
        for (String name : List.of("one", "two")) {
            s3.headBucket(b -> b.bucket(name)); // uses: s3:ListBucket on one; s3:ListBucket on two
        }
        AmazonS3 old = AmazonS3ClientBuilder.defaultClient();
        old.getObject("old-bucket", "k"); // uses: s3:GetObject on old-bucket/k
        AmazonSQSClientBuilder.standard().build().sendMessage(new SendMessageRequest().withQueueUrl(System.getenv("JAVA_QUEUE")).withMessageBody("x")); // uses: sqs:SendMessage on {JAVA_QUEUE}
        S3Presigner presigner = S3Presigner.builder().build();
        presigner.presignPutObject(b -> b.putObjectRequest(r -> r.bucket("signed").key("a"))); // uses: s3:PutObject on signed/a
        return "ok";
    }

    private void read(String bucket) {
        s3.deleteBucket(b -> b.bucket("erased")); // uses: s3:DeleteBucket on erased
    }

    private void unused() {
        s3.listBuckets();
    }

    private Object body() {
        return null;
    }
}
