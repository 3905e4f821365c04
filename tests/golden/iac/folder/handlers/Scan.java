package com.example;

public class Scan implements RequestHandler<String, String> {
}
