// Classes of several files, the enhanced client, the mapper of v1.
// handler: com.example.App::handleRequest
package com.example;

import com.amazonaws.services.dynamodbv2.AmazonDynamoDBClientBuilder;
import com.amazonaws.services.dynamodbv2.datamodeling.DynamoDBMapper;
import com.amazonaws.services.lambda.runtime.Context;
import java.util.Map;

public class App {
    private final Orders orders = new Orders(System.getenv("ENHANCED_TABLE"));
    private final DynamoDBMapper mapper = new DynamoDBMapper(AmazonDynamoDBClientBuilder.standard().build());

    public Object handleRequest(Map<String, String> event, Context context) {
        orders.save(new Order(event.get("id")));
        return mapper.load(Order.class, event.get("id")); // uses: dynamodb:GetItem on table/mapped
    }
}
